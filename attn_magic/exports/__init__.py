"""What people take along: files and copies of a trace, and writing them whole or not at all."""
