"""From a row of the manifest to a batch: labels, images, faces, preprocessing, augmentation."""
