module livestream.srs/tests/cluster/programs/pki

go 1.25.0
