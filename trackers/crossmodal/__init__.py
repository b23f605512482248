"""The paper's own networks (Zhang et al., CVPR 2023): teacher, student, and every fusion its tables compare."""
