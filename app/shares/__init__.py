"""Links to frozen views: made, listed, taken back, and read without any model or queue."""
