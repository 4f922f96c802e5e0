"""WeChat's platform and nothing of ours: log-in, subscribe messages, and a stand-in server."""
