"""Cleaning of contact points: how values are read, what becomes of each point, and the rules that say from when on."""
