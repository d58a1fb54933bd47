# Units, users and folders.
