"""Spotify: its answers classified, its payloads translated, one small client without retries."""
