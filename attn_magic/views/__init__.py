"""What people read: a trace as text, as HTML and as pictures. No view uses another one."""
