"""What both families of networks share: layers, trunks, weight files, the tracker around a network."""
