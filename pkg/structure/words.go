package structure

import (
	"github.com/infohus/infohus/pkg/hub"
)

// States lists the states that last, and so have a name and a limit in the
// file (domain.md 2.2). Each has an owner and a clock.
// The first six are a concern's, the others a case's.
var States = []string{"draft", "received", "police_check", "acute", "police_only", "triage",
	"opening", "collecting", "analysis", "assessment", "recommended", followUp, "closing"}

// followUp is the state that comes round again, and so has two limits.
const followUp = "follow_up"

// Outcomes lists what a retention rule can be for. There is one for each, so
// that nothing is ever stored without an erase date (L22). open is for all that
// has no outcome yet: it runs from the receipt, and moves on with the outcome.
// case is for a joint case while it is open: it runs from its opening, and moves
// on with every step and follow-up.
var Outcomes = []string{"draft", "open", "rerouted", "police_only", "unfounded", "other_track", "case",
	assessed, supported, exited, erring, "trail"}

// ownRules lists what can have a retention rule of its own, and is kept as long as the log
// where it has none: it is made of the log's rows (L22).
var ownRules = []string{"answer", "breach"}

// The outcomes of a case that has been closed (domain.md 2.6).
const (
	assessed  = "assessed"  // assessed, and no help taken up
	supported = "supported" // help was taken up
	exited    = "exit"      // an exit programme was
	erring    = "error"     // it should not have been here
)

// closings lists why a case may be closed (domain.md 2.6). The file has a text
// for each, and the outcome it leads to.
var closings = []string{"unfounded", "risk_reduced", "handled_by_one_authority", "moved", "police_only", "deceased",
	"declined_voluntary_support", "duplicate", erring}

// closed lists the outcomes that closing a case can have.
var closed = []string{"unfounded", assessed, supported, exited, "police_only", "other_track", "rerouted", erring}

// Codes lists the legal bases that the rules know (domain.md 2.5), § 8 of the Data
// Protection Act with its number (L11). Whether one is in force is for the file to
// say.
var Codes = []hub.LegalBasis{"GDPR6-1-E", "RPL114", "RPL115-1-1", "RPL115-1-2", "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c",
	"RPL115-2", "RPL115-3", "FVL28-DBL", "DBL6", "DBL7", "DBL8-1", "DBL8-2", "DBL8-3", "DBL8-4", "BL133",
	"CONSENT-EXIT", "RHL", "EMERGENCY"}

// TaskAreas lists the public tasks with which a self-governing institution may
// take part (retsplejeloven § 115 stk. 3, L5).
var TaskAreas = []string{"social", "teaching", "employment", "psychiatry"}

// rail is the longest a step may last here, whatever the file says.
type rail struct {
	longest Limit
	source  string
}

// rails holds for every state. Only the clock for children is statutory, and
// that one is in no file (ChildLimit); the others keep a local choice (D16)
// from emptying the process of its meaning.
var rails = map[string]rail{
	"draft":        {Limit{336, Hours}, "a draft is kept for 14 days at most"},
	"received":     {Limit{3, WorkingDays}, "a receipt within three working days"},
	"police_check": {Limit{5, WorkingDays}, "the police answer within five working days"},
	"acute":        {Limit{24, Hours}, "what is acute does not wait for a working day"},
	"police_only":  {Limit{720, Hours}, "the police confirm it again within 30 days"},
	"triage":       {Limit{10, WorkingDays}, "both coordinators triage within ten working days"},
	"opening":      {Limit{5, WorkingDays}, "a case is opened within five working days"},
	"collecting":   {Limit{20, WorkingDays}, "who is asked answers or declines within twenty working days"},
	"analysis":     {Limit{30, WorkingDays}, "the analysis meeting is held within thirty working days"},
	"assessment":   {Limit{10, WorkingDays}, "the joint assessment is signed within ten working days"},
	"recommended":  {Limit{20, WorkingDays}, "a recommendation is answered within twenty working days"},
	followUp:       {Limit{1440, Hours}, "the first follow-up is within 60 days"},
	"closing":      {Limit{720, Hours}, "both coordinators agree on the closing within 30 days"},
}

// railThen is the rail of each follow-up after the first.
var railThen = rail{Limit{4320, Hours}, "nobody is followed for half a year without being looked at again"}

// where says at which kinds of authority a role can be held. A role that is
// not here never has an account: efterforsker and kontrolgruppe (retsplejeloven
// § 115 stk. 2, L3, L55).
var where = map[hub.Role][]hub.AuthorityKind{
	hub.Reporter:             {hub.Municipality, hub.Police, hub.PrisonService, hub.Region, hub.SelfGoverning},
	hub.Receiver:             {hub.Municipality, hub.Police},
	hub.MunicipalCoordinator: {hub.Municipality},
	hub.PoliceCoordinator:    {hub.Police},
	hub.CoreGroup:            {hub.Municipality, hub.Police},
	hub.LocalPolice:          {hub.Police},
	hub.Partner:              {hub.PrisonService, hub.Region, hub.Municipality},
	hub.Institution:          {hub.SelfGoverning, hub.Municipality},
	hub.Associate:            {hub.HousingAssociation},
	hub.Steering:             {hub.Municipality, hub.Police},
	hub.Manager:              {hub.Municipality, hub.Police, hub.PrisonService, hub.Region, hub.SelfGoverning},
	hub.DPO:                  {hub.Municipality, hub.Police, hub.PrisonService, hub.Region, hub.SelfGoverning},
	hub.Administrator:        {hub.Municipality, hub.Police},
}

// purposes lists what a file may give a text to. Investigation and control of
// benefits are no purposes here (L3, L55).
var purposes = []hub.Purpose{hub.Prevention, hub.ChildWelfare, hub.LogControl, hub.Operation}
