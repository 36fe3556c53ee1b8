"""The starter catalogue: facts about well-known tracks, so that one listener alone has new music."""
