#include "proxy/net/hosts_file.h"
