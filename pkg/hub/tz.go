package hub

import _ "time/tzdata" // a container may have no zone files, and the clocks of the law run in Copenhagen
