"""The edge to Discord."""

import warnings

# nextcord 2.6 imports pkg_resources, and setuptools tells whoever does. There is nothing that a user could do about it.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated as an API", category=UserWarning)
