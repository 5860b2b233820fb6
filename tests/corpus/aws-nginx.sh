#!/bin/sh
yum update -y
yum install -y nginx
systemctl enable nginx
systemctl start nginx
