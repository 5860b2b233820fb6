"""What cloud-init makes of each file of a directory as user-data: the cloud-config, and the types of scripts, as JSON."""
import json
import logging
import os
import sys
import tempfile

from cloudinit import handlers, helpers
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.handlers.jinja_template import render_jinja_payload
from cloudinit.user_data import UserDataProcessor

INSTANCE = {
    "v1": {"instance_id": "i-1", "local_hostname": "web1", "cloud_name": "nocloud"},
    "ds": {"meta_data": {"instance-id": "i-1", "local-hostname": "web1", "role": "db"}},
}
CONFIG = ("text/cloud-config", "text/cloud-config-jsonp")


def ask(blob, paths):
    config = CloudConfigPartHandler(paths)
    config.handle_part(None, handlers.CONTENT_START, None, None, None, {})
    scripts = []

    def part(_data, filename, payload, headers):
        kind = headers["Content-Type"]
        if kind == "text/jinja2":
            payload = render_jinja_payload(payload, filename, INSTANCE)
            kind = handlers.type_from_starts_with(payload)
        if kind in CONFIG:
            config.handle_part(None, kind, filename, payload, None, headers)
        elif kind.startswith("text/x-shellscript") or kind in ("text/cloud-boothook", "text/part-handler"):
            scripts.append(kind)

    handlers.walk(UserDataProcessor(paths).process(blob), part, data=None)
    found = config.cloud_buf or {}
    return {"config": found, "scripts": scripts}


def main():
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as tree:
        paths = helpers.Paths({"cloud_dir": tree, "run_dir": tree})
        os.makedirs(os.path.join(tree, "instance"), exist_ok=True)
        answers = {}
        for name in sorted(os.listdir(sys.argv[1])):
            with open(os.path.join(sys.argv[1], name), "rb") as stream:
                answers[name] = ask(stream.read(), paths)
    json.dump(answers, sys.stdout)


main()
