"""Find faces in whole photographs, with onnxruntime, numpy and Pillow only."""
