"""Prediction over HTTP with FastAPI and uvicorn; no file is written, and no data is sent on."""
