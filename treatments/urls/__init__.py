"""Addresses of what the staff set about what we offer, a module for each part."""
