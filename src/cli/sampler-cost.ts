import { energyPowerOf } from '../energy/sample.ts'
