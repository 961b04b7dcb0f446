"""Signs requests with botocore, many to a line of JSON, at the time each of them names.

A line in: [{"form": "header" | "query", "method", "url", "params"?, "headers": [[name, value], ...],
"body": base64, "time": "YYYYMMDDTHHMMSSZ", "region", "service", "accessKeyId", "secretAccessKey", "expires"}, ...]
A line out, in the same order: [{"url", "headers": [[name, value], ...], "body": base64}, ...]
"""

import base64
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

assert botocore.__version__ == "1.44.5", botocore.__version__


def sign(order):
    now = datetime.datetime.strptime(order["time"], "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: now
    request = AWSRequest(
        method=order["method"],
        url=order["url"],
        data=base64.b64decode(order["body"]),
        params=order.get("params"),
    )
    for name, value in order["headers"]:
        request.headers.add_header(name, value)
    credentials = Credentials(order["accessKeyId"], order["secretAccessKey"])
    if order["form"] == "query":
        signer = botocore.auth.SigV4QueryAuth(
            credentials, order["service"], order["region"], order["expires"]
        )
    else:
        signer = botocore.auth.SigV4Auth(credentials, order["service"], order["region"])
    signer.add_auth(request)
    prepared = request.prepare()
    # The signer signs `Host`, the connection writes it; here this script does both.
    headers = list(request.headers.items())
    if not any(name.lower() == "host" for name, _ in headers):
        headers.append(("Host", botocore.auth._host_from_url(request.url)))
    body = prepared.body or b""
    if isinstance(body, str):
        body = body.encode()
    return {
        "url": prepared.url,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }


for line in sys.stdin:
    print(json.dumps([sign(order) for order in json.loads(line)]), flush=True)
