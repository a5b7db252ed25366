"""Where trials run: preflight, the trial itself, and Ray. The only room that imports ray."""

import os
import sys

# Since 2.59 Ray makes a token for each cluster that it starts, and the cluster asks for it. A
# driver that joins shows the token only if it is told to before Ray is imported. Where the cluster
# asks for none, `scaling.launch.tokens` takes that back before it joins.
_named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
if _named or os.path.exists(os.path.expanduser("~/.ray/auth_token")):
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if _ray := sys.modules.get("ray"):  # whoever calls us imported it before: it has read the old
        _ray._raylet.Config.initialize("")
