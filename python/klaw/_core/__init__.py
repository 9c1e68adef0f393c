"""What the public classes are made of: this process's session at the cluster's hub, and the ends of channels on it."""
