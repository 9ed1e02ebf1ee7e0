"""What every part may import; it imports no other part."""
