"""All kinds of configuration faults that the drill draws from."""

from harmonyhub.drills import faults_at_large, faults_in_names, faults_in_values
from harmonyhub.drills.faults import Catalogue

FAULTS = Catalogue([*faults_in_values.KINDS, *faults_in_names.KINDS, *faults_at_large.KINDS])
