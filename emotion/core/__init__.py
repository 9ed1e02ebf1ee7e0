"""What every room may import: errors, files, text, params, seeding, processes; imports none."""
