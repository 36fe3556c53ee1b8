"""The starter catalogue: well-known tracks, so that one listener alone has new music too."""
