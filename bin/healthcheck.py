"""Ask the web server beside us for /healthz or /readyz; exit 0 when all is well."""

import os
import sys
from http.client import HTTPConnection, HTTPException

port = int(os.environ.get("GRANIAN_PORT", "8000"))
host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")  # it answers to no other name
connection = HTTPConnection("127.0.0.1", port, timeout=5)
try:
    connection.request("GET", sys.argv[1], headers={"Host": host})
    answer = connection.getresponse()
    text = answer.read().decode()
except (OSError, HTTPException) as error:
    sys.exit(f"No answer on port {port}: {error}")
if answer.status != 200:
    sys.exit(f"{answer.status} {text}")
