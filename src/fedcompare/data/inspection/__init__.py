"""What data hold and what will be done with them, before anything is trained."""
