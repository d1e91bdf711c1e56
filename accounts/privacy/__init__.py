"""What is known of a person: handing it out as an archive, and erasing it (docs/privacy.md)."""
