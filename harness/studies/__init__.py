"""What is trained and run to fill the paper's tables."""
