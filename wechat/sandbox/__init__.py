"""A strict local stand-in for WeChat's servers, for the demo, development and tests."""

from wechat.sandbox.app import bind, create_sandbox, running, serve

__all__ = ["bind", "create_sandbox", "running", "serve"]
