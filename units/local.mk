# Units, users and folders.
systemdsystemunit_DATA = %D%/rollout@.service
dist_sysusers_DATA = %D%/sysusers.d/rollout.conf
dist_catalog_DATA = %D%/rollout.catalog
dist_tmpfiles_DATA = %D%/tmpfiles.d/rollout.conf
EXTRA_DIST += %D%/rollout@.service.in
CLEANFILES += %D%/rollout@.service

# Only paths are filled in.
%D%/rollout@.service: %D%/rollout@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@bindir[@]|$(bindir)|g' -e 's|@rolloutdir[@]|$(rolloutdir)|g' \
		-e 's|@rolloutconfdir[@]|$(rolloutconfdir)|g' \
		$(srcdir)/%D%/rollout@.service.in >$@.new && mv $@.new $@
