"""Against real counterparts, by `make test-real`: programs of others, installed from their ordinary registries."""
