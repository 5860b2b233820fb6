#!/bin/bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y nginx
echo "<h1>$(hostname -f)</h1>" > /var/www/html/index.html
systemctl enable --now nginx
