"""How we reach the data where it is: in the controller's own systems."""
