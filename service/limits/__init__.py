"""How much one API key may ask for: token buckets, of one process or shared over Redis."""
