"""How good the lists are: our recommender and its peers, tuned and measured by one protocol."""
