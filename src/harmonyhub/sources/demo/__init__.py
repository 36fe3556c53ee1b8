"""The demo library: facts about real artists, generated listeners, pieces that we synthesize."""
