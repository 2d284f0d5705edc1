"""The pages: one package per audience, and what they share."""
