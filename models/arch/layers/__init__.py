"""What decoder layers are made of: each part says in a frozen dataclass what it is, and emits itself."""
