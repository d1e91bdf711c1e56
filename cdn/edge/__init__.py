"""The edge node's own program: no Django, no database; it speaks HTTP to the control plane."""
