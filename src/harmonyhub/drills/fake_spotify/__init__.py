"""A fake Spotify: accounts service and Web API as one process, with a mode for each fault."""
