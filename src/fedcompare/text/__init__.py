"""Text from anywhere, made safe for where it goes; numbers as people read them."""
