"""What every part may import: labels, manifest, params, files, seeding."""
