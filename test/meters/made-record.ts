/** A record in the shape of an M1 on macOS 13, shortened to what the reader must get past. */
export interface MadeRecord {
  elapsedNs?: number | string
  isDelta?: boolean
  cpu?: number | string
  gpu?: number | string
  ane?: number | string
  /** energy of the `gpu` dictionary, which is never the processor's */
  otherGpu?: number
  /** more lines in `processor` */
  more?: string
  /** scalars on the line of their key */
  oneLine?: boolean
  bootArguments?: string
  model?: string
}

export function madeRecord({
  elapsedNs = 100_000_000,
  isDelta = true,
  cpu = 300,
  gpu = 20,
  ane = 1,
  otherGpu = 777,
  more = '',
  oneLine = false,
  bootArguments = '',
  model = 'Mac14,3',
}: MadeRecord = {}): string {
  const gap = oneLine ? '' : '\n'
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>is_delta</key><${isDelta}/>
<key>elapsed_ns</key><integer>${elapsedNs}</integer>
<key>hw_model</key><string>${model}</string>
<key>kern_osversion</key><string>22E252</string>
<key>kern_bootargs</key><string>${bootArguments}</string>
<key>kern_boottime</key><integer>1680201708</integer>
<key>timestamp</key><date>2023-04-01T13:18:36Z</date>
<key>processor</key>
<dict>
<key>clusters</key>
<array>
<dict>
<key>name</key><string>E-Cluster</string>
<key>freq_hz</key><real>1.02002e+09</real>
</dict>
</array>
<key>cpu_energy</key>${gap}<integer>${cpu}</integer>
<key>gpu_energy</key>${gap}<integer>${gpu}</integer>
<key>ane_energy</key>${gap}<integer>${ane}</integer>
${more}</dict>
<key>thermal_pressure</key><string>Nominal</string>
<key>gpu</key>
<dict>
<key>freq_hz</key><real>338</real>
<key>gpu_energy</key><integer>${otherGpu}</integer>
</dict>
</dict>
</plist>
`
}

/** The bytes of a stream: a NUL before each record but the first. */
export const streamOf = (...records: string[]): Buffer => Buffer.from(records.join('\0'))
