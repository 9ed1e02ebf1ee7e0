"""From manifest rows to batches: labels, images, faces, preprocessing, augmentation."""
