"""What re-enacts the incident: a fake Spotify, faults, a toxic proxy, a sink, a quiet month."""
