"""The machinery of DiMP-type trackers (Bhat et al. 2019; Danelljan et al. 2019 for the IoU-Net): networks plug in."""
