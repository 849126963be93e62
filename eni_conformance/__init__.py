"""Does an endpoint really speak DetachNetworkInterface of Alibaba Cloud ECS? The parts are the folders beside this one.

They are joined under this one name where the package is installed (pyproject.toml, `package-dir`).
"""
