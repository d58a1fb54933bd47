# Examples: an app called shop.
dist_examples_DATA = %D%/shop.conf %D%/shop@.service %D%/haproxy.cfg
