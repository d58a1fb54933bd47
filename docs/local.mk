# Guides.
dist_doc_DATA = %D%/coming-from-argo.md
