"""Prediction over HTTP, on FastAPI and uvicorn; nothing is written, and nothing leaves."""
