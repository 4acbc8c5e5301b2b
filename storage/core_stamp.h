/* Written by scripts/stamp-core.sh; do not edit or commit. */
#define MANTISDB_CORE_STAMP "e160d566225a8cebdb3c2fd59103d7c05bcfd3b4571d78d3b3816e5f4b35033e"
