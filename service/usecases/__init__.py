"""What the product does, told in the product's words. Knows ports and domain, no framework."""
