"""The web library and its REST API: `vidkit serve`.

`app` puts the views of `routes` together; `access` says who may do what; `services` is what the views share.
Heavy packages (FastAPI, uvicorn) are imported only from here downwards.
"""
