"""What the house tells about itself: structured logs."""
